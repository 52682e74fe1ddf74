package serve

import (
	"slices"

	"github.com/tidwall/gjson"

	"agentops.dev/dataplane/gateway/api"
	"agentops.dev/dataplane/gateway/plan"
	"agentops.dev/dataplane/gateway/upstream"
)

// goodEnough judges an answer. A stream is held back until it is whole.
func (c *call) goodEnough(a *upstream.Answer) bool {
	var said api.Said
	var sure certainty
	if b, ok := a.Events.(*begun); ok {
		if said, sure, ok = b.whole(); !ok {
			return false
		}
	} else {
		answer := gjson.ParseBytes(a.Body)
		said = c.api.Said(answer)
		sure.add(answer.Get("choices.0"))
	}
	for _, signal := range c.route.Escalation.On {
		if c.tells(signal, said, sure) {
			return false
		}
	}
	return true
}

// tells says whether a signal speaks against an answer.
func (c *call) tells(signal plan.Signal, said api.Said, sure certainty) bool {
	switch signal {
	case plan.SchemaInvalid:
		return !c.fits(said)
	case plan.LowConfidence:
		// An answer that does not tell how certain it is cannot be judged, so it is not taken.
		return sure.mean()*100 < float64(c.route.Escalation.MinConfidencePercent)
	case plan.JudgeRule:
		return slices.ContainsFunc(c.route.Escalation.Judge, func(p string) bool { return pattern(p).MatchString(said.Text) })
	}
	return false
}

// whole reads a stream to its end and keeps it; it fails when the stream broke.
func (b *begun) whole() (api.Said, certainty, bool) {
	var said api.Gathered
	var sure certainty
	all := []read{}
	for {
		r, err := b.next()
		if err != nil || r.step.Failed != "" {
			b.ready = all
			return said.Said(), sure, err != nil && b.reader.Complete()
		}
		all = append(all, r)
		if !b.hold(r.event) {
			b.ready = all
			return said.Said(), sure, false
		}
		said.Add(r.step.Pieces)
		sure.addChunk(r.event.Data)
		if r.step.Last {
			b.ready = all
			return said.Said(), sure, true
		}
	}
}

// fits says whether the answer has the form that the request asked for.
func (c *call) fits(said api.Said) bool {
	for _, args := range said.Tools {
		if !gjson.Valid(args) {
			return false
		}
	}
	schema, wanted := c.form()
	if len(said.Tools) > 0 || !wanted {
		return true
	}
	return gjson.Valid(said.Text) && matches(gjson.Parse(said.Text), schema, 0)
}

// form is the schema that the request wants the answer to have, and whether it wants JSON at all. Each interface has a place
// of its own for it.
func (c *call) form() (schema gjson.Result, wanted bool) {
	format := c.body.Get("response_format")
	for _, place := range []gjson.Result{c.body.Get("text").Get("format"), c.body.Get("output_config").Get("format"), c.body.Get("output_format")} {
		if !format.Exists() {
			format = place
		}
	}
	if kind := format.Get("type").Str; kind != "json_object" && kind != "json_schema" {
		return gjson.Result{}, false
	}
	if schema = format.Get("json_schema.schema"); !schema.Exists() {
		schema = format.Get("schema")
	}
	return schema, true
}
