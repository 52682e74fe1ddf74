-- A person's decision about one run, or the hold that a budget's rung asks for.
-- Reply: {word, now, state, hold number, {field, value...}}
local run, verb, decision, number = arg(), arg(), arg(), num()
local more = {xs = num(), xt = num(), xc = num(), xw = num()}
local by, note = arg(), arg()
local reason, limit, used, budget_id, budget_key, expiry, keep, idle = arg(), num(), num(), arg(), arg(), num(), num(), num()
sweep(8)
expire_holds()

local key = root .. ':r:' .. run
local got = call('HMGET', key, 'st', 'hn', 'did', 'ha', 'hk', 'hr', 'wv')
local state, hold = got[1], tonumber(got[2] or 0)
if not state then return {'none', now} end

local function answer(word) return {word, now, state, hold, call('HGETALL', key)} end

if decision ~= '' and got[3] == decision then return answer('again') end

local from = {Hold = 'Running Finished', Resume = 'Held TakenOver', TakeOver = 'Running Held Finished',
  Cancel = 'Running Held TakenOver Finished', Finish = 'Running Finished'}
if not from[verb]:find(state, 1, true) or (number > 0 and number ~= hold) then return answer('transition') end

-- Time that the run waited for people is no time of the run.
local function end_pause()
  local since = tonumber(call('HGET', key, 'pa') or 0)
  if since > 0 then call('HINCRBY', key, 'pz', now - since); call('HDEL', key, 'pa') end
end

local to = {Hold = 'Held', Resume = 'Running', TakeOver = 'TakenOver', Cancel = 'Cancelled', Finish = 'Finished'}
call('ZREM', root .. ':held', run)
if verb == 'Hold' then
  hold = hold + 1
  call('HSET', key, 'hn', hold, 'hr', reason, 'hl', limit, 'hu', used, 'hb', budget_id, 'hk', budget_key, 'ha', now,
    'hx', now + expiry, 'hp', 0, 'pa', now)
  call('ZADD', root .. ':held', now + expiry, run); stay(root .. ':held', expiry + keep)
elseif verb == 'TakeOver' then
  if state ~= 'Held' then call('HSETNX', key, 'pa', now) end
elseif verb == 'Resume' then
  end_pause()
  for field, by_how_much in pairs(more) do incr(key, field, by_how_much) end
  -- The calls that made the loop would hold the run again at its next call.
  call('HDEL', key, 'fp')
  if got[5] and got[5] ~= '' and state == 'Held' then
    call('HSET', key, 'wv', ((got[7] or '') .. got[5] .. ' '):sub(-4096))
  end
  call('ZADD', root .. ':live', now + idle, run); stay(root .. ':live', expiry + keep)
end
if verb ~= 'Resume' then call('ZREM', root .. ':live', run) end
state = to[verb]
call('HSET', key, 'st', state, 'by', by, 'no', note)
if decision ~= '' then call('HSET', key, 'did', decision) end
stay(key, expiry + keep); stay(root .. ':runs', expiry + keep)
return answer('ok')
