-- REDI: distil a reasoning student from a teacher's right and wrong traces.
--
-- What      A teacher writes several worked solutions for each addition problem; a verifier sorts
--           them. The student first learns the right ones (SFT), then REDI raises the likelihood of
--           right traces and lowers, a little less, that of wrong ones for the same problem
--           (Xu et al. 2025, arXiv 2505.24850). Arms beside it: SFT for as many more steps, DPO,
--           SimPO. All start from the same SFT student, with as many updates at one learning rate.
-- Hardware  Two CPU cores, 2 GiB.
-- Command   tools/kdrun recipes/redi.lua
-- Expect    About 2 minutes. Teacher near 0.89 pass@1, sampled at temperature 1 as its traces are; the
--           SFT student near 0.97, above its teacher because it saw verified traces only. From there
--           SFT-longer, REDI, DPO and SimPO stay within a point of it (one seed): at this size the
--           first stage leaves little to gain. Other seeds: teachers of 0.77 to 0.89, and one of five
--           that has not learned to add yet (more lessons mend that). metrics.jsonl has the details.
local kd = require "kd.v1"

local args = kd.args {
  level     = kd.integer { 3, min = 1, max = 5, help = "difficulty: numbers have level + 1 digits" },
  lessons   = kd.integer { 7200, min = 100, help = "worked solutions the teacher learns from" },
  problems  = kd.integer { 1000, min = 100, help = "problems the teacher solves for the student" },
  samples   = kd.integer { 4, min = 1, help = "traces for each problem" },
  alpha     = kd.number { 0.8, min = 0, max = 1, help = "REDI's weight of the wrong traces" },
  teacher   = kd.path { help = "a model folder to use instead of training a teacher" },
  held_out  = kd.integer { 1000, min = 100, help = "test problems" },
}

-- Problems are held out by problem, so that no seed can leak one into training.
local tokenizer = kd.tokenizer.characters { alphabet = "0123456789+-*= " }
local lessons = kd.data.arithmetic { level = args.level, count = args.lessons, seed = 1 }
local problems = kd.data.arithmetic { level = args.level, count = args.problems, seed = 2,
                                      test_count = args.held_out }

-- The teacher: trained here until it is good but not perfect, unless a folder is given.
local teacher
if args.teacher then
  teacher = kd.teacher.causal_lm { path = args.teacher }
else
  teacher = kd.train "teacher" {
    student = kd.student.causal_lm { config = { layers = 3, hidden = 96, heads = 4 }, tokenizer = tokenizer },
    data = lessons.train, epochs = 3, batch = 64,
    objective = kd.objective.cross_entropy {},
    optimizer = kd.optimizer.adamw { lr = 3e-3 }, schedule = kd.schedule.wsd { warmup = 0.05, decay = 0.2 },
  }.student
end

-- Its traces, right and wrong.
local traces = kd.generate "traces" {
  model = teacher, prompts = problems.train, samples = args.samples, temperature = 1.0, max_new_tokens = 64,
}
local graded = kd.transform "graded" { traces.data, kd.verify.math {} }

-- Stage 1: SFT on the right traces, until more of it no longer helps.
local base = kd.train "sft" {
  student = kd.student.causal_lm { config = { layers = 2, hidden = 64, heads = 4 }, tokenizer = tokenizer },
  data = graded.data:where { correct = true }, epochs = 14, batch = 64,
  objective = kd.objective.cross_entropy {},
  optimizer = kd.optimizer.adamw { lr = 4e-3 }, schedule = kd.schedule.wsd { warmup = 0.05, decay = 0.2 },
}.student

-- Stage 2: one epoch over the pairs, from the same student; every arm takes equally many steps at
-- the same learning rate. REDI with alpha = 0 is SFT on the pairs' right sides.
local pairs_of_traces = graded.data:pairs { by = "prompt", chosen = "correct" }
local function second_stage(name, objective, lr)
  return kd.train(name) {
    student = base, data = pairs_of_traces, epochs = 1, batch = 16,
    objective = objective,
    optimizer = kd.optimizer.adamw { lr = lr }, schedule = kd.schedule.linear { warmup = 0.1 },
  }.student
end

local arms = {
  teacher = teacher,
  sft = base,
  sft_longer = second_stage("sft_longer", kd.objective.redi { alpha = 0 }, 3e-5),
  redi = second_stage("redi", kd.objective.redi { alpha = args.alpha }, 3e-5),
  dpo = second_stage("dpo", kd.objective.dpo { beta = 0.1, reference = base }, 3e-5),
  simpo = second_stage("simpo", kd.objective.simpo { beta = 2, gamma = 1 }, 3e-5),
}

kd.evaluate "accuracy" {
  models = arms, data = problems.test, baseline = "sft",
  metric = kd.metric.pass_at_k { k = 1, temperature = 1.0, max_new_tokens = 64, verifier = kd.verify.math {} },
}
