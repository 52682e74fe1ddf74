-- Budgets of one slot as they stand, after what is orphaned was swept. Marks no threshold: a reader takes no event away.
sweep(1000)
local budgets = {}
for i = 1, num() do
  budgets[i] = budget()
  if outside(budgets[i]) then return {'window', now} end
end
local reply = {'ok', now}
for _, b in ipairs(budgets) do stand(b, false); report(reply, b) end
return reply
