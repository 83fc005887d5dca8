local kd = require "kd.v1"
local rows = kd.data.arithmetic {}.train
for _, name in ipairs { "../outside", "", "fine/name-1.a" } do
  kd.transform(name) { rows }
end
kd.transform(3) { rows }
kd.transform "twice" { rows }
kd.transform "twice" { rows, kd.verify.math {} }
