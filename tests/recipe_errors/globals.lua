local kd = require "kd.v1"
local student = kd.student.causal_lm { path = modelpath }
