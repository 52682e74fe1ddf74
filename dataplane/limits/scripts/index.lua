-- The agents that have runs which wait for a person. Reply: {word, now, number} or {word, now, agent, number, ...}.
-- Each entry has a number of its own, so that what is taken out is what was looked at and not what came meanwhile.
local op = arg()
local agents = root .. ':a'
if op == 'enter' then
  -- Not by one alone: after a store that lost its count, numbers must still be higher than those that agents remember.
  local number = math.max(int(call('GET', root .. ':n')) + 1, now)
  call('SET', root .. ':n', number, 'PX', RES_KEEP)
  call('ZADD', agents, number, arg()); stay(agents, RES_KEEP)
  return {'ok', now, number}
elseif op == 'leave' then
  while at < #ARGV do
    local agent, number = arg(), num()
    if tonumber(call('ZSCORE', agents, agent) or 0) == number then call('ZREM', agents, agent) end
  end
  return {'ok', now}
end
if call('EXISTS', agents) == 1 then stay(agents, RES_KEEP) end
local reply = {'ok', now}
for _, v in ipairs(call('ZRANGEBYSCORE', agents, arg(), '+inf', 'WITHSCORES', 'LIMIT', 0, num())) do reply[#reply + 1] = v end
return reply
