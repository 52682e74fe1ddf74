-- Checks every limit of one slot and reserves in all of them, or in none.
-- Reply: {word, now, reason, limit, used, reserved, retry, begun, run..., budgets...}; {'index', now} asks for listed() first.
local id, timeout, runs_kept, agent = arg(), num(), num(), num()
sweep(8)

local again = call('HEXISTS', root .. ':res', id) == 1
if not again and call('EXISTS', root .. ':s:' .. id) == 1 then return {'settled', now} end

local budgets = {}
for i = 1, num() do
  budgets[i] = budget()
  if outside(budgets[i]) then return {'window', now} end
end

local new, run, key, v, idle, keep = false, '', nil, nil, 0, 0
local fingerprint, tokens, usd, at_once = '', 0, 0, 0
local for_person, plan, number = 0, '', 0
local buckets, minute = {0, 0, 0}, {}

local RUN = {'st', 't0', 'pz', 'su', 'se', 'sr', 'tu', 'te', 'tr', 'cu', 'ce', 'cr', 'xs', 'xt', 'xc', 'xw', 'fp', 'wv',
  'hn', 'hr', 'hl', 'hu', 'hb', 'ha', 'hx', 'hp', 'ff', 'fn', 'fc', 'pl'}

local function load_run()
  local got = call('HMGET', key, unpack(RUN))
  v = {}
  for i, name in ipairs(RUN) do v[name] = got[i] or nil end
  new = not v.st
  for _, name in ipairs({'t0', 'pz', 'su', 'se', 'sr', 'tu', 'te', 'tr', 'cu', 'ce', 'cr', 'xs', 'xt', 'xc', 'xw'}) do
    v[name] = int(v[name])
  end
  v.from = v.st or ''
  v.st = v.st or 'Running'
  if new then v.t0 = now end
end

local function tell(reply)
  if run ~= '' then
    for _, name in ipairs({'t0', 'pz', 'su', 'se', 'sr', 'tu', 'te', 'tr', 'cu', 'ce', 'cr'}) do reply[#reply + 1] = v[name] end
    reply[#reply + 1] = v.st
    reply[#reply + 1] = v.wv or ''
    for _, name in ipairs({'hn', 'hr', 'hl', 'hu', 'hb', 'ha', 'hx', 'hp', 'from', 'again', 'why', 'was'}) do
      reply[#reply + 1] = v[name] or ''
    end
  end
  return reply
end

local function deny(reason, limit, used, reserved, retry)
  return tell({'denied', now, reason, limit, used, reserved, retry, 0})
end

-- At a run's own limit: refuse, or hold the run for a person. What only waits for calls in flight holds nobody.
local function at_limit(reason, limit, used, reserved, retry, action, expiry)
  if action ~= 'Hold' or retry > 0 then return deny(reason, limit, used, reserved, retry) end
  if not listed(number) then return {'index', now} end
  v.hn = int(v.hn) + 1
  v.st, v.hr, v.hl, v.hu, v.hb, v.ha, v.hx, v.hp = 'Held', reason, limit, used, '', now, now + expiry, 0
  call('HSET', key, 'st', v.st, 'hn', v.hn, 'hr', reason, 'hl', limit, 'hu', used, 'hb', '', 'hk', '', 'ha', now, 'hx', v.hx,
    'hp', 0, 'pa', now)
  if new then call('HSET', key, 't0', now, 'tl', now); call('ZADD', root .. ':runs', now, run) end
  stay(key, expiry + keep); stay(root .. ':runs', expiry + keep)
  call('ZADD', root .. ':held', v.hx, run); stay(root .. ':held', expiry + keep)
  waits(run)
  call('ZREM', root .. ':live', run)
  return tell({'denied', now, 'RunHeld', limit, used, reserved, 0, 1})
end

local function over(prefix, amount, max, extra)
  local limit, used, reserved = max + extra, v[prefix .. 'u'], v[prefix .. 'r']
  if max == 0 or used + reserved + amount <= limit then return nil end
  return limit, used, reserved, used + amount <= limit and 1000 or 0
end

local function distinct(calls)
  local seen, n = {}, 0
  for i = 1, #calls, 8 do
    local c = calls:sub(i, i + 7)
    if not seen[c] then seen[c] = true; n = n + 1 end
  end
  return n
end

-- Makes room among the remembered runs; runs that somebody waits for stay.
local function forget_oldest()
  local gone = 0
  for _, old in ipairs(call('ZRANGE', root .. ':runs', 0, 99)) do
    local o = call('HMGET', root .. ':r:' .. old, 'st', 'sr')
    local waits = o[1] == 'Held' or o[1] == 'TakenOver' or tonumber(o[2] or 0) > 0
    if not waits and (not o[1] or not call('ZSCORE', root .. ':live', old)) then
      call('ZREM', root .. ':runs', old); call('DEL', root .. ':r:' .. old)
      gone = gone + 1
      if gone == 10 then break end
    end
  end
  return gone > 0
end

-- A rate is a rolling minute in buckets of a second.
local function rate(place, suffix, amount, limit, reason)
  if limit == 0 then return nil end
  local k = root .. suffix
  local bucket = advance(k, 1000)
  local m = call('HMGET', k, 'u', 'r')
  local u, r = int(m[1]), int(m[2])
  if u + r + amount > limit then
    return deny(reason, limit, u, r, amount > limit and 0 or room(k, 1000, u + r + amount - limit))
  end
  buckets[place] = bucket
  minute[#minute + 1] = k; minute[#minute + 1] = r + amount
end

local function check_agent()
  run, fingerprint, tokens, usd = arg(), arg(), num(), num()
  local steps_max, steps_do, tokens_max, tokens_do, usd_max, usd_do = num(), arg(), num(), arg(), num(), arg()
  local wall_max, wall_do, same_max, same_do = num(), arg(), num(), arg()
  local look, few, look_do = num(), num(), arg()
  at_once = num()
  local new_runs, requests, rate_tokens, flight = num(), num(), num(), num()
  idle, keep = num(), num()
  local expiry = num()
  for_person, plan, number = num(), arg(), num()
  if run ~= '' then
    key = root .. ':r:' .. run
    load_run()
  end
  if again then return nil end
  if run ~= '' then
    if v.st == 'Held' and now >= tonumber(v.hx) then
      v.st, v.hp = 'Cancelled', 1
      expire_hold(run)
    end
    if v.st == 'Held' then return deny('RunHeld', tonumber(v.hl), tonumber(v.hu), 0, 0) end
    if v.st == 'Cancelled' or (v.st == 'TakenOver' and for_person == 0) then return deny('Run' .. v.st, 0, 0, 0, 0) end
    if for_person == 1 and v.st ~= 'TakenOver' then return deny('RunResumed', 0, 0, 0, 1000) end
    if v.st == 'Finished' then v.st = 'Running' end
  end
  -- A person is asked in the agent's place: what stopped the agent must not stop the person.
  if v and v.st == 'TakenOver' then fingerprint = ''
  elseif run ~= '' then
    local wall = now - v.t0 - v.pz
    if wall_max > 0 and wall >= wall_max + v.xw then
      return at_limit('MaxWallClock', wall_max + v.xw, wall, 0, 0, wall_do, expiry)
    end
    if fingerprint ~= '' then
      local past = v.fp or ''
      if same_max > 0 and #past >= 8 * (same_max - 1)
        and (same_max == 1 or past:sub(-8 * (same_max - 1)) == fingerprint:rep(same_max - 1)) then
        return at_limit('IdenticalCalls', same_max, same_max, 0, 0, same_do, expiry)
      end
      if look > 1 and #past >= 8 * (look - 1) then
        local n = distinct(past:sub(-8 * (look - 1)) .. fingerprint)
        if n <= few then return at_limit('NoProgress', look, n, 0, 0, look_do, expiry) end
      end
    end
    local limit, used, reserved, retry = over('s', 1, steps_max, v.xs)
    if limit then return at_limit('MaxSteps', limit, used, reserved, retry, steps_do, expiry) end
    limit, used, reserved, retry = over('t', tokens, tokens_max, v.xt)
    if limit then return at_limit('MaxTokens', limit, used, reserved, retry, tokens_do, expiry) end
    limit, used, reserved, retry = over('c', usd, usd_max, v.xc)
    if limit then return at_limit('MaxCost', limit, used, reserved, retry, usd_do, expiry) end
    if at_once > 0 or new then call('ZREMRANGEBYSCORE', root .. ':live', '-inf', now) end
    if at_once > 0 and not call('ZSCORE', root .. ':live', run) then
      local n = call('ZCARD', root .. ':live')
      if n >= at_once then
        local first = call('ZRANGE', root .. ':live', 0, 0, 'WITHSCORES')
        return deny('RunsAtOnce', at_once, n, 0, tonumber(first[2]) - now)
      end
    end
    if new then
      local refused = rate(3, ':n', 1, new_runs, 'NewRunsPerMinute')
      if refused then return refused end
      local n = call('ZCARD', root .. ':runs')
      if n >= runs_kept and not forget_oldest() then return deny('TooManyRuns', runs_kept, n, 0, 1000) end
    end
  end
  local refused = rate(1, ':q', 1, requests, 'RequestsPerMinute') or rate(2, ':t', tokens, rate_tokens, 'TokensPerMinute')
  if refused then return refused end
  if flight > 0 then
    local n = call('HLEN', root .. ':res')
    if n >= flight then return deny('Concurrency', flight, n, 0, 1000) end
  end
end

if agent == 1 then
  local refused = check_agent()
  if refused then return refused end
end

-- Was this budget refusing already in its window? Its first refusal is an event.
local function first_refusal(b)
  local since = tonumber(call('HGET', b.key, 'd') or 0)
  if since > 0 and (b.width == 0 or now - since < b.width * BUCKETS) then return 1 end
  call('HSET', b.key, 'd', now)
  return 2
end

local denied, retry = 0, 0
for i, b in ipairs(budgets) do
  stand(b, true)
  if not again and (b.u >= b.hard or b.u + b.r + b.amount > b.hard) then
    b.first = 1
    if b.shadow == 1 then
      b.first = first_refusal(b)
      b.w = call('HINCRBY', b.key, 'w', 1)
      expire(b)
    else
      if b.u >= b.hard or b.u + b.amount > b.hard then b.first = first_refusal(b); expire(b) end
      if denied == 0 then
        denied = i
        if b.width > 0 then retry = room(b.key, b.width, b.u + b.r + b.amount - b.hard) end
      end
    end
  end
end

local function keep_run()
  v.sr, v.tr, v.cr = v.sr + 1, v.tr + tokens, v.cr + usd
  local fields = {'sr', v.sr, 'tr', v.tr, 'cr', v.cr, 'tl', now, 'st', v.st}
  local function field(name, value) fields[#fields + 1] = name; fields[#fields + 1] = value end
  if fingerprint ~= '' then field('fp', ((v.fp or '') .. fingerprint):sub(-512)) end
  if plan ~= '' and plan ~= v.pl then v.was = v.pl; field('pl', plan) end
  if new then
    field('t0', now)
    call('ZADD', root .. ':runs', now, run)
  end
  call('HSET', key, unpack(fields))
  -- What failed last is asked again, or something else is.
  if v.ff and v.ff == fingerprint then v.again, v.why = int(v.fn), v.fc; call('HDEL', key, 'ff')
  elseif v.fn then call('HDEL', key, 'ff', 'fn', 'fc') end
  if v.st ~= 'TakenOver' then call('ZADD', root .. ':live', now + math.max(idle, timeout), run) end
  -- The longest that anything of this run can still need: its own memory, and a call in flight.
  if call('PTTL', key) < keep + timeout then
    stay(key, keep + timeout); stay(root .. ':runs', 2 * (keep + timeout)); stay(root .. ':live', 2 * (keep + timeout))
  end
end

if denied == 0 and not again then
  -- Reserved is written also where it is zero: what is settled must find its account.
  local rec = {run, fingerprint, new and 1 or 0, tokens, usd, buckets[1], buckets[2], buckets[3]}
  for _, b in ipairs(budgets) do
    b.r = b.r + b.amount
    call('HSET', b.key, 'r', b.r)
    expire(b)
    local n = #rec
    rec[n + 1], rec[n + 2], rec[n + 3], rec[n + 4], rec[n + 5] = b.suffix, b.width, b.bucket, b.amount, b.unpriced
  end
  for i = 1, #minute, 2 do
    call('HSET', minute[i], 'r', minute[i + 1])
    stay(minute[i], timeout + 120000)
  end
  call('HSET', root .. ':res', id, cmsgpack.pack(rec))
  call('ZADD', root .. ':due', now + timeout, id)
  -- Both hold the same ids, so both begin and end at the same time.
  if call('PTTL', root .. ':due') < RES_KEEP then stay(root .. ':res', RES_KEEP); stay(root .. ':due', RES_KEEP) end
  if run ~= '' then keep_run() end
end

local reply = {again and 'again' or denied > 0 and 'budget' or 'ok', now, '', denied, 0, 0, retry, 0}
if agent == 1 then tell(reply) end
for _, b in ipairs(budgets) do report(reply, b) end
return reply
