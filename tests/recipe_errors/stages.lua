local kd = require "kd.v1"
local student = kd.student.causal_lm {}
local problems = kd.data.arithmetic {}
local sft = kd.train "sft" {
  student = student,
  data = problems,
  objective = kd.objective.cross_entropy {},
}
kd.train "sft" { student = student, data = problems.train, objective = kd.objective.cross_entropy {} }
kd.train "forgotten"
local redi = kd.train "redi" {
  student = sft.studnet, data = problems.train, objective = kd.objective.redi {},
  epoch = 2,
}
kd.evaluate { data = problems.test }
kd.transform "graded" { problems, kd.verify.math {} }
kd.train "wrong" { student = problems.train, data = student, objective = kd.objective.redi }
