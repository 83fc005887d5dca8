local kd = require "kd.v1"
local bad = kd.objective.redi { alpha = -1 }
local check = kd.evaluate "check" { data = kd.data.arithmetic {}.test }
if check.results.accuracy > 0.5 then
  local unseen = kd.objective.redi { alpha = -2 }
end
