package limits

import (
	_ "embed"

	"github.com/redis/go-redis/v9"
)

var (
	//go:embed scripts/lib.lua
	libText string
	//go:embed scripts/reserve.lua
	reserveText string
	//go:embed scripts/settle.lua
	settleText string
	//go:embed scripts/read.lua
	readText string
	//go:embed scripts/runs.lua
	runsText string
	//go:embed scripts/decide.lua
	decideText string
	//go:embed scripts/index.lua
	indexText string
	//go:embed scripts/pose.lua
	poseText string
	//go:embed scripts/forget.lua
	forgetText string
)

// script is a text and its hash, by which the store knows it.
type script struct{ text, hash string }

var (
	reserveScript = load(reserveText)
	settleScript  = load(settleText)
	readScript    = load(readText)
	runsScript    = load(runsText)
	decideScript  = load(decideText)
	indexScript   = load(indexText)
	poseScript    = load(poseText)
	forgetScript  = load(forgetText)
)

func load(text string) script {
	text = libText + text
	return script{text, redis.NewScript(text).Hash()}
}
