local kd = require "kd.v1"
local sft = kd.train "sft" {
  student = kd.student.causal_lm { confg = { layers = 2 } },
  data = kd.data.arithmetic { count = "many" }.train,
  objective = 0.9 * kd.objective.kl { temprature = 2 }
    + 0.1 * kd.objective.redi {
      alpha = -1,
    },
}
local later = kd.evaluate "later" { models = { sft = sft.student }, metrics = kd.metric.pass_at_k {} }
