local kd = require "kd.v1"
local a = kd.objective.reddi { alpha = 0.5 }
local b = kd.objectiv.redi {}
local c = kd.trian "x" { data = a }
local d = kd.student.causal_ml {}
local e = a + 0.5 * b
