-- Shared by all scripts. KEYS[1] is the root of a hash slot; every key that a script touches begins with it.
--   :res   hash  call id -> record of what is in flight      :due   zset  call id by deadline
--   :s:ID  text  how a call was settled: c(ommitted), r(eleased), or the record of what was swept
--   :b:... hash  one budget in one window                  :q :t :n  hash  requests, tokens, new runs of a minute
--   :r:RUN hash  one run                                   :runs zset by start, :live by end of activity, :held by expiry
--   :wait  zset  runs that are held or taken over, by the time since when
--   :i     hash  o: the number under which the index of all agents (index.lua) has this one, c: numbers that were taken out
local root, call = KEYS[1], redis.call
local time = call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
local BUCKETS, DAY = 60, 86400000
-- Longer than the longest window, so that no reservation is forgotten before its budget is.
local RES_KEEP = 400 * DAY

local at = 0
local function arg() at = at + 1; return ARGV[at] end
local function num() at = at + 1; return tonumber(ARGV[at]) end

local function int(v) return tonumber(v or 0) end
local function incr(key, field, by) if by ~= 0 then call('HINCRBY', key, field, by) end end

-- Keeps a key for at least so long. Asking first is cheaper than writing: each write goes to disk before it is answered.
local function stay(key, ms)
  if call('PTTL', key) < ms then call('PEXPIRE', key, math.floor(ms * 9 / 8)) end
end

-- Drops what has left a rolling window and returns the bucket of now. The bucket never goes back by less than a window: a
-- clock that was set back would else charge into buckets that are dropped already. Further back, the window starts anew.
local function advance(key, width)
  local cur = math.floor(now / width)
  local v = call('HMGET', key, 'lo', 'hi')
  local lo, hi = tonumber(v[1]), tonumber(v[2])
  if not lo then return cur end
  local last = math.min(hi, cur - BUCKETS)
  if hi > cur then
    if hi - cur > BUCKETS then last = hi else cur, last = hi, math.min(hi, hi - BUCKETS) end
  end
  if lo > last then return cur end
  local fields = {}
  for i = lo, last do fields[#fields + 1] = 'b' .. i; fields[#fields + 1] = 'x' .. i end
  local amounts, u, e = call('HMGET', key, unpack(fields)), 0, 0
  for i = 1, #fields, 2 do
    u = u + tonumber(amounts[i] or 0)
    e = e + tonumber(amounts[i + 1] or 0)
  end
  call('HDEL', key, unpack(fields))
  incr(key, 'u', -u); incr(key, 'e', -e)
  if last == hi then call('HDEL', key, 'lo', 'hi') else call('HSET', key, 'lo', last + 1) end
  return cur
end

-- Changes one rolling account: fields u, e, r in all, b and x in each bucket.
local function add(key, width, bucket, used, estimated, reserved)
  incr(key, 'r', reserved)
  if used == 0 and estimated == 0 then return end
  local cur = advance(key, width)
  if bucket <= cur - BUCKETS then return end
  bucket = math.min(bucket, cur)
  incr(key, 'b' .. bucket, used); incr(key, 'x' .. bucket, estimated)
  incr(key, 'u', used); incr(key, 'e', estimated)
  local v = call('HMGET', key, 'lo', 'hi')
  if bucket < tonumber(v[1] or bucket + 1) then call('HSET', key, 'lo', bucket) end
  if bucket > tonumber(v[2] or bucket - 1) then call('HSET', key, 'hi', bucket) end
end

-- Milliseconds until a rolling window has room for `need` more.
local function room(key, width, need)
  local v = call('HMGET', key, 'lo', 'hi')
  if not v[1] then return 1000 end
  local first, fields = tonumber(v[1]), {}
  for i = first, tonumber(v[2]) do fields[#fields + 1] = 'b' .. i end
  for i, amount in ipairs(call('HMGET', key, unpack(fields))) do
    need = need - tonumber(amount or 0)
    if need <= 0 then return (first + i - 1 + BUCKETS) * width - now end
  end
  return 1000
end

-- What is in flight is recorded flat: run, fingerprint, 1 if the run began with it, tokens, usd, buckets of :q :t :n (0 if
-- that rate has no limit), and for each budget suffix, width, bucket, amount, unpriced.
local HEAD, EACH = 8, 5

-- Ends a reservation: reserved becomes used, or what was used instead. `late`: it was charged whole before.
-- Accounts that are gone have nothing to correct, and nothing may be brought back without an expiry.
local function charge(rec, late, steps, tokens, usd, actual, estimated, unpriced)
  local sign, back = late and 0 or 1, late and 1 or 0
  local e = estimated and 1 or 0
  local waits
  if rec[1] ~= '' then
    local key = root .. ':r:' .. rec[1]
    local v = call('HMGET', key, 'su', 'se', 'sr', 'tu', 'te', 'tr', 'cu', 'ce', 'cr', 'st')
    if v[10] then
      waits = int(v[3]) - sign
      call('HSET', key, 'su', int(v[1]) + steps - back, 'se', int(v[2]) + e * steps - back, 'sr', waits,
        'tu', int(v[4]) + tokens - back * rec[4], 'te', int(v[5]) + e * tokens - back * rec[4], 'tr', int(v[6]) - sign * rec[4],
        'cu', int(v[7]) + usd - back * rec[5], 'ce', int(v[8]) + e * usd - back * rec[5], 'cr', int(v[9]) - sign * rec[5],
        'tl', now)
    end
  end
  local rates = {':q', steps, 1, ':t', tokens, rec[4], ':n', steps, 1}
  for i = 0, 2 do
    local bucket, key, amount = rec[6 + i], root .. rates[3 * i + 1], rates[3 * i + 3]
    if bucket > 0 and call('EXISTS', key) == 1 then
      local u = rates[3 * i + 2]
      add(key, 1000, bucket, u - back * amount, e * u - back * amount, -sign * amount)
    end
  end
  for i = 1, (#rec - HEAD) / EACH do
    local o = HEAD + EACH * (i - 1)
    local key, width, amount, n = root .. rec[o + 1], rec[o + 2], rec[o + 4], unpriced and unpriced[i] or 0
    local v = call('HMGET', key, 'u', 'e', 'r', 'n')
    if v[3] then
      local u, x = actual[i] - back * amount, e * actual[i] - back * amount
      if width > 0 then add(key, width, rec[o + 3], u, x, -sign * amount)
      else call('HSET', key, 'u', int(v[1]) + u, 'e', int(v[2]) + x, 'r', int(v[3]) - sign * amount) end
      incr(key, 'n', n - back * rec[o + 5])
    end
  end
  return waits
end

-- Reservations past their deadline are charged whole and marked estimated. What is kept lets a late commit correct it.
local function sweep(most)
  for _, id in ipairs(call('ZRANGEBYSCORE', root .. ':due', '-inf', now, 'LIMIT', 0, most)) do
    local packed = call('HGET', root .. ':res', id)
    call('ZREM', root .. ':due', id)
    if packed then
      call('HDEL', root .. ':res', id)
      local rec, actual, unpriced = cmsgpack.unpack(packed), {}, {}
      for i = 1, (#rec - HEAD) / EACH do
        actual[i], unpriced[i] = rec[HEAD + EACH * i - 1], rec[HEAD + EACH * i]
      end
      charge(rec, false, 1, rec[4], rec[5], actual, true, unpriced)
      call('SET', root .. ':s:' .. id, packed, 'PX', DAY)
    end
  end
end

-- Nobody decided in time. Says whether the run was held until now.
local function expire_hold(run)
  call('ZREM', root .. ':held', run)
  if call('HGET', root .. ':r:' .. run, 'st') ~= 'Held' then return false end
  call('ZREM', root .. ':wait', run)
  call('HSET', root .. ':r:' .. run, 'st', 'Cancelled', 'hp', 1)
  return true
end

-- The run waits for a person, or a person has it.
local function waits(run)
  call('HSET', root .. ':r:' .. run, 'ws', now)
  call('ZADD', root .. ':wait', now, run); stay(root .. ':wait', RES_KEEP)
end

-- No run may begin to wait before the index of all agents has this one: whoever lists what waits would not find it. The
-- index lies in another slot, so the caller writes it first and brings the number that it got; a number that a reader has
-- taken out meanwhile does not count.
local function listed(number)
  local v = call('HMGET', root .. ':i', 'o', 'c')
  if v[1] then return true end
  if number <= int(v[2]) then return false end
  call('HSET', root .. ':i', 'o', number); stay(root .. ':i', RES_KEEP)
  return true
end

-- Nobody waits here any more: what the index has up to this number may go.
local function unlisted(number)
  call('HDEL', root .. ':i', 'o')
  call('HSET', root .. ':i', 'c', math.max(number, int(call('HGET', root .. ':i', 'c')))); stay(root .. ':i', RES_KEEP)
end

-- A budget's arguments, written by charge.go.
local function budget()
  local b = {suffix = ':b:' .. arg(), width = num(), from = num(), till = num(), at = num(), keep = num(),
    amount = num(), unpriced = num(), hard = num(), shadow = num(), steps = {}}
  b.key = root .. b.suffix
  for i = 1, num() do b.steps[i] = num() end
  return b
end

-- The caller computed the window; 2 s is more than its idea of our clock can be off.
local function outside(b) return b.till > 0 and (now < b.from - 2000 or now >= b.till + 2000) end

-- A calendar window's expiry is set when it begins, the others' whenever it is short.
local function expire(b)
  if b.at == 0 then stay(b.key, b.keep) elseif b.fresh then call('PEXPIREAT', b.key, b.at) end
end

-- Reads a budget; with `mark`, thresholds that use has passed are remembered by amount, so that each is reported once even
-- if the ladder changes. A rolling window forgets a threshold when use falls below it.
local function stand(b, mark)
  b.bucket = 0
  if b.width > 0 then b.bucket = advance(b.key, b.width) end
  local v = call('HMGET', b.key, 'u', 'e', 'r', 'w', 'n', 'g')
  b.fresh = not v[3]
  for i = 1, 6 do v[i] = int(v[i]) end
  b.u, b.e, b.r, b.w, b.n = v[1], v[2], v[3], v[4], v[5]
  local g, before, reached, top = v[6], 0, 0, 0
  for _, step in ipairs(b.steps) do
    if step <= g then before = before + 1 end
    if step <= b.u then reached = reached + 1; top = step end
  end
  b.before, b.reached, b.first = math.min(before, reached), reached, 0
  if not mark then return end
  if top > g or (b.width > 0 and b.u < g) then call('HSET', b.key, 'g', top) end
end

local function report(reply, b)
  for _, v in ipairs({b.u, b.e, b.r, b.w, b.n, b.before, b.reached, b.first}) do reply[#reply + 1] = v end
end
