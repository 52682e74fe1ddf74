-- Moves what a probe has used: a limit of a thousand is met by two calls then, and not by a thousand. For probes only.
-- Arguments: run, steps, milliseconds, calls and new runs of this minute, runs at once, calls in flight, budgets.
local run, steps, ms = arg(), num(), num()
-- What the store does not know is not begun here: it would have no expiry.
if run ~= '' and call('EXISTS', root .. ':r:' .. run) == 1 then
  incr(root .. ':r:' .. run, 'su', steps)
  incr(root .. ':r:' .. run, 't0', -ms)
end
for _, suffix in ipairs({':q', ':n'}) do
  local by, key = num(), root .. suffix
  if by > 0 then add(key, 1000, advance(key, 1000), by, 0, 0); stay(key, 120000) end
end
for i = 1, num() do call('ZADD', root .. ':live', now + 120000, 'probe-' .. i); stay(root .. ':live', 120000) end
for i = 1, num() do call('HSET', root .. ':res', 'probe-' .. i, ''); stay(root .. ':res', 120000) end
local times = num()
for i = 1, num() do
  local b = budget()
  if outside(b) then return {'window', now} end
  if call('EXISTS', b.key) == 1 then
    if b.width > 0 then add(b.key, b.width, advance(b.key, b.width), times * b.amount, 0, 0)
    else incr(b.key, 'u', times * b.amount) end
  end
end
return {'ok', now}
