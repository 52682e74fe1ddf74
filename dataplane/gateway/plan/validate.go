package plan

import (
	"fmt"
	"net/url"
	"regexp"
	"strings"
	"time"
	_ "time/tzdata" // the image holds no time zones of its own
)

func (p *problems) plan(plan *Plan) {
	if plan.Version != Version {
		p.add("version", plan.Version, fmt.Sprintf("this engine reads version %d", Version))
	}
	p.match(plainText, "priceTable", plan.PriceTable, "write one line of at most 256 characters")
	for _, name := range sorted(plan.Targets) {
		p.match(entryName, "targets", name, "use lower case letters, digits and . _ / -")
		p.target("targets["+name+"]", plan.Targets[name])
	}
	for _, name := range sorted(plan.Routes) {
		p.match(entryName, "routes", name, "use lower case letters, digits and . _ / -")
		p.route("routes["+name+"]", plan.Routes[name], plan)
	}
	for _, name := range sorted(plan.Guardrails) {
		p.guardrail("guardrails["+name+"]", plan.Guardrails[name])
	}
	for _, name := range sorted(plan.Budgets) {
		p.match(entryName, "budgets", name, "use lower case letters, digits and . _ / -")
		p.budget("budgets["+name+"]", plan.Budgets[name], plan)
	}
	for _, name := range sorted(plan.Agents) {
		p.match(agentName, "agents", name, "write <namespace>/<agent>")
		p.agent("agents["+name+"]", plan.Agents[name], plan)
	}
}

// needsEndpoint are providers that have no address of their own.
var needsEndpoint = map[Provider]bool{Azure: true, Databricks: true, Snowflake: true, OpenAICompatible: true}

func (p *problems) target(field string, t Target) {
	word(p, field+".provider", t.Provider, OpenAI, Azure, Anthropic, Bedrock, Vertex, Gemini, Databricks, Snowflake, Mistral,
		Cohere, Groq, OpenRouter, XAI, OpenAICompatible)
	p.endpoint(field+".endpoint", t)
	p.place(field, t)
	p.via(field, t)
	if t.Model == "" || !plainText.MatchString(t.Model) {
		p.add(field+".model", t.Model, "name the provider's model")
	}
	p.between(field+".timeoutMilliseconds", t.TimeoutMilliseconds, 1, maxSeconds*1000)
	p.between(field+".streamIdleMilliseconds", t.StreamIdleMilliseconds, 1, maxSeconds*1000)
	p.lines(field, map[string]string{"region": t.Region, "project": t.Project, "apiVersion": t.APIVersion})
	if c := t.Credential; c != nil {
		p.credential(field+".credential", *c)
	}
	if t.Price != nil {
		p.price(field+".price", *t.Price)
	}
}

// place refuses what the target's provider would not heed, and asks for what it needs.
func (p *problems) place(field string, t Target) {
	regional := t.Provider == Bedrock || t.Provider == Vertex
	fields := []struct {
		name, value  string
		needed, free bool
	}{
		{"endpoint", t.Endpoint, false, !regional},
		{"region", t.Region, regional, false},
		{"project", t.Project, t.Provider == Vertex, false},
		{"apiVersion", t.APIVersion, false, t.Provider == Azure},
	}
	for _, f := range fields {
		switch {
		case f.value == "" && f.needed:
			p.add(field+"."+f.name, f.value, "provider "+string(t.Provider)+" needs it")
		case f.value != "" && !f.needed && !f.free:
			p.add(field+"."+f.name, f.value, "it is not for provider "+string(t.Provider)+"; leave it out")
		}
	}
}

func (p *problems) endpoint(field string, t Target) {
	if t.Endpoint == "" {
		if needsEndpoint[t.Provider] {
			p.add(field, t.Endpoint, "provider "+string(t.Provider)+" has no address of its own; write https://…")
		}
		return
	}
	p.url(field, t.Endpoint)
}

// via leads to a gateway that has the credential; one here as well would be sent nowhere.
func (p *problems) via(field string, t Target) {
	if t.Via == "" {
		return
	}
	p.url(field+".via", t.Via)
	if t.Credential != nil {
		p.add(field+".credential", t.Credential.Secret, "the gateway that via names has the credential; leave it out here")
	}
}

func (p *problems) url(field, text string) {
	u, err := url.Parse(text)
	if err != nil || (u.Scheme != "http" && u.Scheme != "https") || u.Host == "" || u.User != nil || u.RawQuery != "" || u.Fragment != "" {
		p.add(field, text, "write http(s)://host[:port][/path] without user, query and fragment")
	}
}

func (p *problems) credential(field string, c Credential) {
	if !strings.HasPrefix(c.Secret, "agentops-") || !fileName.MatchString(c.Secret) {
		p.add(field+".secret", c.Secret, "name a Secret agentops-*")
	}
	if len(c.Keys) == 0 {
		p.add(field+".keys", "", "name one key at least")
	}
	for _, role := range sorted(c.Keys) {
		word(p, field+".keys", role, APIKey, AccessKeyID, SecretAccessKey, SessionToken, ServiceAccountJSON, TenantID, ClientID, ClientSecret)
		file := c.Keys[role]
		if !fileName.MatchString(file) || strings.HasPrefix(file, "..") {
			p.add(field+".keys["+string(role)+"]", file, "write a key of a Secret: letters, digits and . _ -")
		}
	}
}

func (p *problems) price(field string, price Price) {
	p.between(field+".input", price.Input, 0, maxPrice)
	p.between(field+".output", price.Output, 0, maxPrice)
	classes := map[string]*int64{"cachedInput": price.CachedInput, "cacheWrite": price.CacheWrite, "reasoning": price.Reasoning}
	for _, name := range sorted(classes) {
		if value := classes[name]; value != nil {
			p.between(field+"."+name, *value, 0, maxPrice)
		}
	}
}

func (p *problems) guardrail(field string, g Guardrail) {
	word(p, field+".mode", g.Mode, Mask, Block, Report)
	for _, set := range g.BuiltIn {
		word(p, field+".builtIn", set, PromptInjection, HarmfulOutput)
	}
	if len(g.BuiltIn) == 0 && len(g.Rules) == 0 {
		p.add(field, "", "write builtIn or rules: a guardrail without either guards nothing")
	}
	rules, err := g.Parsed()
	if err != nil {
		for _, line := range strings.Split(err.Error(), "\n") {
			p.list = append(p.list, fmt.Errorf("%s.rules: %s", field, line))
		}
		return
	}
	if rules != nil && rules.Capture != "Masked" {
		p.add(field+".rules.capture", rules.Capture, "write Masked: what becomes of a text is said by mode")
	}
}

func (p *problems) budget(field string, b Budget, plan *Plan) {
	word(p, field+".unit", b.Unit, MicroUSD, Tokens, InputTokens, OutputTokens, Requests)
	p.between(field+".limit", b.Limit, 1, maxNumber)
	word(p, field+".scope", b.Scope, PerAgent, Shared, ByTeam, ByUseCase, ByEndUser)
	word(p, field+".mode", b.Mode, Enforce, Shadow)
	word(p, field+".onStateError", b.OnStateError, Deny, Allow)
	p.window(field+".window", b.Window)
	last := int64(0)
	for i, step := range b.Ladder {
		at := fmt.Sprintf("%s.ladder[%d]", field, i)
		p.between(at+".atPercent", step.AtPercent, 1, 100)
		if step.AtPercent < last {
			p.add(at+".atPercent", step.AtPercent, "write the steps in rising order")
		}
		last = step.AtPercent
		p.step(at, step, plan)
	}
	if len(b.Ladder) > 8 {
		p.add(field+".ladder", len(b.Ladder), "write at most 8 steps")
	}
	if len(b.Ladder) == 0 {
		p.add(field+".ladder", "", "write one step at least: a budget without steps does nothing")
	}
}

func (p *problems) step(field string, step Step, plan *Plan) {
	word(p, field+".action", step.Action, Alert, CheaperModel, ReadOnlyTools, HoldRun, BlockCalls)
	if (step.Action == CheaperModel) != (len(step.Models) > 0) {
		p.add(field+".models", len(step.Models), "CheaperModel needs models, the other actions have none")
	}
	for _, alias := range sorted(step.Models) {
		known(p, field+".models["+alias+"]", step.Models[alias], plan.Routes, "routes")
	}
}

func (p *problems) window(field string, w Window) {
	word(p, field+".kind", w.Kind, Hour, Day, Week, Month, Rolling)
	if w.Kind == Rolling {
		p.between(field+".seconds", w.Seconds, 60, maxSeconds)
		if w.TimeZone != "" {
			p.add(field+".timeZone", w.TimeZone, "a rolling window has none; leave it out")
		}
		return
	}
	if w.Seconds != 0 {
		p.add(field+".seconds", w.Seconds, "it belongs to Rolling; leave it out")
	}
	if _, err := time.LoadLocation(w.TimeZone); err != nil || w.TimeZone == "Local" {
		p.add(field+".timeZone", w.TimeZone, "write an IANA name such as Europe/Berlin")
	}
}

func (p *problems) pattern(field, text string) {
	re, err := regexp.Compile(text)
	switch {
	case len(text) > 512:
		p.add(field, text, "write at most 512 bytes")
	case err != nil:
		p.add(field, text, "not RE2: "+err.Error())
	case re.MatchString(""):
		p.add(field, text, "it matches the empty text; make it match one character at least")
	}
}
