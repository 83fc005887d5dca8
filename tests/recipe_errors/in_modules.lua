local kd = require "kd.v1"
local arms = require "in_modules_arms"
local redi = arms.redi(3)
local late = arms.late { lr = "fast" }
require "in_modules_arm"
