package probe

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"agentops.dev/dataplane/gateway/guard"
	"agentops.dev/dataplane/gateway/plan"
)

// sides says what passes a guardrail.
type sides struct{ input, output bool }

// sidesOf lists the guardrails that calls of agents pass.
func sidesOf(p *plan.Plan) map[string]sides {
	found := map[string]sides{}
	for _, a := range p.Agents {
		for _, name := range a.Guardrails.Input {
			found[name] = sides{true, found[name].output}
		}
		for _, name := range a.Guardrails.Output {
			found[name] = sides{found[name].input, true}
		}
	}
	return found
}

// ofGuardrail lists what can be checked of a guardrail in force: what it does with requests, and with answers, streamed ones
// too. It is the engine that calls of agents pass, and not another one with the same rules.
func ofGuardrail(name string, g plan.Guardrail, at sides, guards *guard.Set) (found []*check) {
	add := func(field string, in plan.Guardrails, act func(*twin)) {
		c := newCheck("agents.*.guardrails."+field, g, act, func(twin string) *plan.Plan {
			p := planOf(agentPlan{name: twin, execution: plan.Execution{OnStateError: plan.Deny}, price: million})
			agent := p.Agents[twin+"/"+alias]
			agent.Guardrails = in
			p.Agents[twin+"/"+alias] = agent
			return p
		})
		c.storeless, c.guards = true, guards
		found = append(found, c)
	}
	if at.input {
		add("input[]", plan.Guardrails{Input: []string{name}}, func(t *twin) { t.plant(g.Mode, guards.Samples(name)) })
	}
	if at.output {
		add("output[]", plan.Guardrails{Output: []string{name}}, func(t *twin) {
			samples := guards.Samples(name)
			t.harvest(g.Mode, samples, false)
			t.harvest(g.Mode, samples, true)
		})
	}
	return found
}

// plant sends what each detector must find, and looks at what the model was asked.
func (t *twin) plant(mode plan.GuardMode, samples []guard.Sample) {
	messages := make([]string, len(samples))
	for i, sample := range samples {
		messages[i] = `{"role":"user","content":` + quoted(sample.Text) + `}`
	}
	a := t.post("", `{"model":"`+alias+`","max_tokens":1,"messages":[`+strings.Join(messages, ",")+`]}`)
	passed := make([]string, len(samples))
	for i, message := range t.model.received().Get("messages").Array() {
		passed[i] = message.Get("content").Str
	}
	t.judge(mode, a, "input_blocked", samples, passed)
}

// harvest lets the model say what each detector must find, and looks at what the client reads.
func (t *twin) harvest(mode plan.GuardMode, samples []guard.Sample, stream bool) {
	if t.found != nil && t.found.Result != Observed {
		return
	}
	t.found = nil
	t.model.says = make([]string, len(samples))
	for i, sample := range samples {
		t.model.says[i] = sample.Text
	}
	a := t.post("", fmt.Sprintf(`{"model":"%s","max_tokens":1,"stream":%t,"messages":[{"role":"user","content":"%s"}]}`, alias, stream, alias))
	t.judge(mode, a, "output_blocked", samples, a.texts(len(samples)))
}

// judge compares what came through with what the mode promises.
func (t *twin) judge(mode plan.GuardMode, a *answer, refused string, samples []guard.Sample, passed []string) {
	code, wanted := a.code(), map[plan.GuardMode]string{plan.Block: refused}[mode]
	verdict, _, _ := strings.Cut(a.header.Get("X-Agentops-Verdict"), ";")
	promised := map[plan.GuardMode]string{plan.Block: "blocked", plan.Mask: "masked", plan.Report: "reported"}[mode]
	came := came(mode, samples, passed)
	switch {
	case slices.Contains(cannotTell, code):
		t.waits(code)
	case code != wanted:
		t.end(NotObserved, "what was planted was not "+promised+": "+cmp.Or(code, "the call was answered"))
	case came != "":
		t.end(NotObserved, "what was planted for "+came+" was not "+promised)
	case verdict != promised:
		t.end(NotObserved, "the verdict says "+cmp.Or(verdict, "nothing")+", not "+promised)
	default:
		t.end(Observed, promised)
	}
}

// came names a detector whose sample came through as the mode does not allow: a secret, or with Report another text.
func came(mode plan.GuardMode, samples []guard.Sample, passed []string) string {
	for i, sample := range samples {
		if mode == plan.Report && passed[i] != sample.Text || mode != plan.Report && strings.Contains(passed[i], sample.Secret) {
			return sample.Detector
		}
	}
	return ""
}
