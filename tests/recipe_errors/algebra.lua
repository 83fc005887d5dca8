local kd = require "kd.v1"
local ce = kd.objective.cross_entropy {}
local a = 0.5 + ce
local b = "half" * ce
local c = ce * ce
local d = (0 / 0) * ce
local e = kd.metric.pass_at_k {} * ce
