local kd = require "kd.v1"
local rows = kd.data.jsonl { path = "rows.jsonl" }
local missing = kd.data.jsonl { path = "missing.jsonl" }
local a = rows
  :where { correct = true }
  :pairs {
    chsen = "correct",
  }
local b = rows:wher { correct = true }
local c = rows:take(-1)
local d = kd.data.arithmetic {}.valid
local e = kd.data.arithmetic {}:shuffle { sead = 1 }
local f = missing:where { correct = true }
local g = rows.where { correct = true }
