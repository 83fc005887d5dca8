local kd = require "kd.v1"
local arms = {}

function arms.redi(alpha)
  return kd.objective.redi {
    chosen_weight = 1,
    alpha = alpha,
  }
end

arms.late = function(options)
  local rate = options.lr
  return kd.optimizer.adamw { lr = rate }
end

return arms
