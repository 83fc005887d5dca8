local kd = require "kd.v1"
local bare = kd.student.causal_lm {}
local student = kd.student.causal_lm { tokenizer = bare.tokenizer }
local other = kd.student.causal_lm { tokenizer = kd.metric.pass_at_k {} }
local third = kd.student.causal_lm { tokenizer = bare.tokeniser }
