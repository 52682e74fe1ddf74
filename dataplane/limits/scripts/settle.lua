-- Commit, release, or roll back one call in one slot. Idempotent by the call's id.
-- Reply: {word, now, budgets...}
local op, id, keep, swept_before, agent, run, idle, run_keep = arg(), arg(), num(), num(), num(), arg(), num(), num()
local estimated, unpriced, tokens, usd, failure = num(), num(), num(), num(), arg()
sweep(8)

local budgets, actual = {}, {}
for i = 1, num() do budgets[i] = budget(); actual[i] = budgets[i].amount end

local mark = root .. ':s:' .. id
local packed, word = call('HGET', root .. ':res', id), nil
local rec
if packed then
  word, rec = 'ok', cmsgpack.unpack(packed)
  call('HDEL', root .. ':res', id); call('ZREM', root .. ':due', id)
else
  packed = call('GET', mark)
  if packed == 'c' or (packed == 'r' and op ~= 'commit') then word = 'again'
  elseif packed and packed ~= 'r' then word, rec = 'late', cmsgpack.unpack(packed)
  -- Swept so long ago that nothing is left of it: it was charged whole.
  elseif not packed and swept_before > 0 and now > swept_before then word = 'again'
  else word = 'new' end
end

-- The charge of a call that left no reservation: let through while the store was down, or released before.
local function charge_new()
  local e = estimated == 1
  if agent == 1 and run ~= '' then
    local key = root .. ':r:' .. run
    if call('HSETNX', key, 't0', now) == 1 then
      call('HSET', key, 'st', 'Running')
      call('ZADD', root .. ':runs', now, run); stay(root .. ':runs', run_keep)
    end
    for _, a in ipairs({{'s', 1}, {'t', tokens}, {'c', usd}}) do
      incr(key, a[1] .. 'u', a[2])
      if e then incr(key, a[1] .. 'e', a[2]) end
    end
    call('HSET', key, 'tl', now)
    stay(key, run_keep)
  end
  for i, b in ipairs(budgets) do
    if b.at == 0 or b.at > now then
      b.fresh = call('EXISTS', b.key) == 0
      if b.width > 0 then add(b.key, b.width, advance(b.key, b.width), actual[i], e and actual[i] or 0, 0)
      else incr(b.key, 'u', actual[i]); incr(b.key, 'e', e and actual[i] or 0) end
      call('HSET', b.key, 'r', call('HGET', b.key, 'r') or 0)
      incr(b.key, 'n', b.unpriced)
      expire(b)
    end
  end
end

-- A call that was not made is no step towards a loop.
local function unmark_call()
  local key = root .. ':r:' .. rec[1]
  local past = call('HGET', key, 'fp')
  if not past then return end
  for i = #past - 7, 1, -8 do
    if past:sub(i, i + 7) == rec[2] then
      call('HSET', key, 'fp', past:sub(1, i - 1) .. past:sub(i + 8))
      return
    end
  end
end

-- A run whose first call was refused elsewhere never began. If others of its calls are under way, the last of them that is
-- refused finds the mark `nw`.
local function unmake_run()
  local key = root .. ':r:' .. rec[1]
  local s = call('HMGET', key, 'st', 'su', 'sr', 'hn', 'nw')
  if s[1] ~= 'Running' or int(s[2]) > 0 or s[4] or (rec[3] == 0 and not s[5]) then return end
  if int(s[3]) > 0 then call('HSET', key, 'nw', 1) return end
  call('DEL', key); call('ZREM', root .. ':runs', rec[1]); call('ZREM', root .. ':live', rec[1])
end

if rec then
  local commit, unpriced_of = op == 'commit', {}
  for i, b in ipairs(budgets) do
    if not commit then actual[i] = 0 end
    unpriced_of[i] = commit and b.unpriced or 0
  end
  local waits = charge(rec, word == 'late', commit and 1 or 0, commit and tokens or 0, commit and usd or 0, actual,
    commit and estimated == 1, unpriced_of)
  if rec[1] ~= '' then
    if not commit and rec[2] ~= '' then unmark_call() end
    if failure ~= '' and rec[2] ~= '' and waits then
      local key = root .. ':r:' .. rec[1]
      call('HSET', key, 'ff', rec[2], 'fc', failure); call('HINCRBY', key, 'fn', 1)
    end
    if waits == 0 then call('ZADD', root .. ':live', 'XX', now + idle, rec[1]) end
    if op == 'rollback' or op == 'forget' then unmake_run() end
  end
elseif word == 'new' and op == 'commit' then charge_new() end

-- `forget` gives a reservation back whose id is used again at once, with another window.
if op == 'forget' then call('DEL', mark)
elseif word ~= 'again' then call('SET', mark, op == 'commit' and 'c' or 'r', 'PX', keep) end

local reply = {word, now}
if op ~= 'commit' then return reply end
for _, b in ipairs(budgets) do stand(b, true); report(reply, b) end
return reply
