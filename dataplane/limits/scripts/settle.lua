-- Commit, release, or roll back one call in one slot. Idempotent by the call's id.
-- Reply: {word, now, budgets...}
local op, id, keep, swept_before, agent, run, idle, run_keep = arg(), arg(), num(), num(), num(), arg(), num(), num()
local estimated, unpriced, tokens, usd = num(), num(), num(), num()
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

local function used(a)
  if op ~= 'commit' then return 0 end
  if a[4] == 0 then return 1 elseif a[4] == -1 then return tokens elseif a[4] == -2 then return usd end
  return actual[a[4]]
end

-- The charge of a call that left no reservation: let through while the store was down, or released before.
local function charge_new()
  local function charge(key, prefix, amount) add(key, prefix, 0, 0, amount, estimated == 1 and amount or 0, 0) end
  if agent == 1 and run ~= '' then
    local key = root .. ':r:' .. run
    if call('HSETNX', key, 't0', now) == 1 then
      call('HSET', key, 'st', 'Running', 'tl', now)
      call('ZADD', root .. ':runs', now, run); stay(root .. ':runs', run_keep)
    end
    charge(key, 's', 1); charge(key, 't', tokens); charge(key, 'c', usd)
    stay(key, run_keep)
  end
  for i, b in ipairs(budgets) do
    if b.at == 0 or b.at > now then
      local bucket = b.width > 0 and advance(b.key, b.width) or 0
      add(b.key, '', b.width, bucket, actual[i], estimated == 1 and actual[i] or 0, 0)
      incr(b.key, 'n', b.unpriced)
      expire(b)
    end
  end
end

local function settle_account(a)
  local key = root .. a[1]
  -- Its window, or its run, is gone: nothing to correct, and nothing to bring back without an expiry.
  if call('EXISTS', key) == 0 then return end
  local u, e = used(a), 0
  if estimated == 1 then e = u end
  if word == 'late' then add(key, a[2], a[5], a[6], u - a[3], e - a[3], 0)
  else add(key, a[2], a[5], a[6], u, e, -a[3]) end
  local n = 0
  if op == 'commit' and a[4] > 0 then n = budgets[a[4]].unpriced end
  incr(key, 'n', n - (word == 'late' and a[7] or 0))
end

-- A call that was not made is no step towards a loop.
local function unmark_call()
  local key = root .. ':r:' .. rec.run
  local past = call('HGET', key, 'fp')
  if not past then return end
  for i = #past - 7, 1, -8 do
    if past:sub(i, i + 7) == rec.f then
      call('HSET', key, 'fp', past:sub(1, i - 1) .. past:sub(i + 8))
      return
    end
  end
end

-- A run whose first call was refused elsewhere never began.
local function unmake_run()
  local key = root .. ':r:' .. rec.run
  local s = call('HMGET', key, 'st', 'su', 'sr', 'hn')
  if s[1] == 'Running' and tonumber(s[2] or 0) + tonumber(s[3] or 0) == 0 and not s[4] then
    call('DEL', key); call('ZREM', root .. ':runs', rec.run); call('ZREM', root .. ':live', rec.run)
  end
end

if rec then
  for _, a in ipairs(rec.a) do settle_account(a) end
  if rec.run ~= '' then
    local key = root .. ':r:' .. rec.run
    if op ~= 'commit' and rec.f ~= '' then unmark_call() end
    if (op == 'rollback' or op == 'forget') and rec.new then unmake_run()
    elseif call('EXISTS', key) == 1 then
      call('HSET', key, 'tl', now)
      if tonumber(call('HGET', key, 'sr') or 0) == 0 then call('ZADD', root .. ':live', 'XX', now + idle, rec.run) end
    end
  end
elseif word == 'new' and op == 'commit' then charge_new() end

-- `forget` gives a reservation back whose id is used again at once, with another window.
if op == 'forget' then call('DEL', mark)
elseif word ~= 'again' then call('SET', mark, op == 'commit' and 'c' or 'r', 'PX', keep) end

local reply = {word, now}
for _, b in ipairs(budgets) do stand(b, op == 'commit' and call('EXISTS', b.key) == 1); report(reply, b) end
return reply
