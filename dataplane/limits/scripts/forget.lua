-- Drops a slot of a probe: all but the marks of its calls, which expire by themselves within minutes.
for _, run in ipairs(call('ZRANGE', root .. ':runs', 0, -1)) do call('DEL', root .. ':r:' .. run) end
for _, suffix in ipairs({':res', ':due', ':q', ':t', ':n', ':runs', ':live', ':held', ':wait', ':i'}) do call('DEL', root .. suffix) end
for i = 1, num() do call('DEL', budget().key) end
return {'ok', now}
