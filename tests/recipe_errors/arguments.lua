local kd = require "kd.v1"
local args = kd.args {
  alpha = kd.number { 1.5, min = 0, max = 1 },
  layers = kd.integer { 2, minimum = 1 },
  direction = kd.choice {},
  table = { 1, 2 },
  name = kd.string "text",
}
local x = args.alpah
