local kd = require "kd.v1"
local args = kd.args { alpha = kd.number { 0.8, min = 0, max = 1 } }
local a = kd.objective.redi { aplha = args.alpha }
local b = kd.objective.redi {
  -- alpha = in a comment
  chosen_weight = 1,
  alhpa = 0.5,
}
