local kd = require "kd.v1"
local function adamw(rate)
  return kd.optimizer.adamw {
    lr = rate,
    beta = { 0.9, 0.99 },
  }
end
local function indirect(rate)
  return adamw(rate)
end
local optimizer = indirect(1e-3)
