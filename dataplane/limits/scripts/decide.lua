-- A person's decision about one run, or the hold that a budget's rung asks for.
-- Reply: {word, now, state before, state, hold number, {field, value...}}
local run, verb, decision, hold_decided = arg(), arg(), arg(), num()
local more = {xs = num(), xt = num(), xc = num(), xw = num()}
local by, note = arg(), arg()
local reason, limit, used, budget_id, budget_key, expiry, keep, idle = arg(), num(), num(), arg(), arg(), num(), num(), num()
local number = num()
sweep(8)

local key = root .. ':r:' .. run
local got = call('HMGET', key, 'st', 'hn', 'did', 'hx', 'hk', 'wv')
local before, hold, decided = got[1], tonumber(got[2] or 0), got[3] or ''
if not before then return {'none', now} end
local state = before

local function answer(word) return {word, now, before, state, hold, call('HGETALL', key)} end

if decision ~= '' and decided:find(' ' .. decision .. ' ', 1, true) then return answer('again') end
if state == 'Held' and now >= tonumber(got[4]) and expire_hold(run) then state = 'Cancelled' end

local from = {Hold = 'Running Finished', Resume = 'Held TakenOver', TakeOver = 'Running Held Finished',
  Cancel = 'Running Held TakenOver Finished', Finish = 'Running Finished'}
if not from[verb]:find(state, 1, true) or (hold_decided > 0 and hold_decided ~= hold) then return answer('transition') end
if (verb == 'Hold' or verb == 'TakeOver') and not listed(number) then return {'index', now} end

-- Time that the run waited for people is no time of the run.
local function end_pause()
  local since = tonumber(call('HGET', key, 'pa') or 0)
  if since > 0 then call('HINCRBY', key, 'pz', now - since); call('HDEL', key, 'pa') end
end

local to = {Hold = 'Held', Resume = 'Running', TakeOver = 'TakenOver', Cancel = 'Cancelled', Finish = 'Finished'}
call('ZREM', root .. ':held', run); call('ZREM', root .. ':wait', run)
if verb == 'Hold' then
  hold = hold + 1
  call('HSET', key, 'hn', hold, 'hr', reason, 'hl', limit, 'hu', used, 'hb', budget_id, 'hk', budget_key, 'ha', now,
    'hx', now + expiry, 'hp', 0, 'pa', now)
  call('ZADD', root .. ':held', now + expiry, run); stay(root .. ':held', expiry + keep)
  waits(run)
elseif verb == 'TakeOver' then
  if state ~= 'Held' then call('HSETNX', key, 'pa', now) end
  waits(run)
elseif verb == 'Resume' then
  end_pause()
  for field, by_how_much in pairs(more) do incr(key, field, by_how_much) end
  -- The calls that made the loop would hold the run again at its next call.
  call('HDEL', key, 'fp')
  if got[5] and got[5] ~= '' and state == 'Held' then
    call('HSET', key, 'wv', ((got[6] or '') .. got[5] .. ' '):sub(-4096))
  end
  call('ZADD', root .. ':live', now + idle, run); stay(root .. ':live', expiry + keep)
end
if verb ~= 'Resume' then call('ZREM', root .. ':live', run) end
state = to[verb]
call('HSET', key, 'st', state, 'by', by, 'no', note, 'dv', verb, 'dt', now)
-- The last ones are enough: what is older names a hold that is over. 1,033 is eight of the longest with their blanks.
if decision ~= '' then call('HSET', key, 'did', ((decided == '' and ' ' or decided) .. decision .. ' '):sub(-1033)) end
stay(key, expiry + keep); stay(root .. ':runs', expiry + keep)
return answer('ok')
