local kd = require "kd.v1"
local first = kd.objective.redi { alpha = 7 }
local function arm(name)
  return name.options.alpha
end
local function all()
  local out = arm {}
  return out
end
all()
