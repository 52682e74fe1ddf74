-- One run, or a page of runs from the highest score down.
-- Reply: {word, now, next score, next run, {run that was held too long...}, {run, {field, value...}}...}
local set, score, after, size, number = arg(), arg(), arg(), num(), num()
sweep(1000)
local gone = {}
for _, run in ipairs(call('ZRANGEBYSCORE', root .. ':held', '-inf', now, 'LIMIT', 0, 1000)) do
  if expire_hold(run) then gone[#gone + 1] = run end
end
local function fields(run) return call('HGETALL', root .. ':r:' .. run) end
if set == '' then return {'ok', now, '', '', gone, {after, fields(after)}} end

local key, reply, offset = root .. set, {'ok', now, '', '', gone}, 0
local top = score == '' and '+inf' or score
while true do
  local some = call('ZREVRANGEBYSCORE', key, top, '-inf', 'WITHSCORES', 'LIMIT', offset, size)
  for i = 1, #some, 2 do
    local run, at_score = some[i], some[i + 1]
    -- Equal scores are in descending order of the name: what the last page ended with is skipped.
    if score == '' or at_score ~= score or run < after then
      local f = fields(run)
      if #f == 0 then call('ZREM', key, run); offset = offset - 1
      else
        reply[#reply + 1] = {run, f}
        if #reply == size + 5 then reply[3], reply[4] = at_score, run; return reply end
      end
    end
  end
  if #some < 2 * size then break end
  offset = offset + size
end
if number > 0 and call('ZCARD', key) == 0 then unlisted(number); reply[1] = 'empty' end
return reply
