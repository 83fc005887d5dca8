local kd = require "kd.v1"
local objectives = {}
for i = 1, 3 do
  objectives[i] = kd.objective.redi {
    alpha = 2,
  }
end
for i = 1, 2 do
  objectives[i] = kd.objective.redi { alpha = 1 + i }
end
