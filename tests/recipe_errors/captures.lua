local kd = require "kd.v1"
local rows = kd.data.jsonl { path = "rows.jsonl" }
local seen = setmetatable({}, {})
local fresh = rows:where(function(row) return not seen[row.prompt] end)
kd.show "x" {
  f = function() return kd end,
}
