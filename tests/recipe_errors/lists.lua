local kd = require "kd.v1"
local sft = kd.train "sft" {
  student = kd.student.causal_lm {}, data = kd.data.arithmetic {}.train,
  objective = kd.objective.redi {},
}
kd.evaluate "a" {
  models = {
    sft = sft.student,
    gap = { sft.student, nil, sft.student },
    both = { 1, name = 2 },
  },
  data = kd.data.arithmetic {},
}
local optimizer = kd.optimizer.adamw {
  betas = {
    0.9,
    "0.99",
  },
}
