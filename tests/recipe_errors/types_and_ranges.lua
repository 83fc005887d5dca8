local kd = require "kd.v1"
local student = kd.student.causal_lm {
  path = 3,
  config = {
    layers = 2.5,
    hiden = 64,
  },
}
local objective = kd.objective.redi {
  alpha = 1.5, chosen_weight = "high",
}
local other = kd.objective.kl {
  direction = "revers",
}
local metric = kd.metric.pass_at_k { k = 0 }
local optimizer = kd.optimizer.adamw { betas = { 0.9, "0.99" } }
