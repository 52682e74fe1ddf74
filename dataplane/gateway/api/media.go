package api

import "github.com/tidwall/gjson"

const (
	// pictureTokens is what most models count for a large picture, whose bytes say little about it.
	pictureTokens = 1600
	// documentTokens stands for a document of which only the address is known.
	documentTokens = 16_000
	// A token of a document or a film is at least so many characters of base64, one of speech at least so many.
	perDocumentToken = 32
	perSpeechToken   = 256
)

// bytesOf are the fields of a medium that hold its bytes, or the address of them.
var bytesOf = map[string]bool{"data": true, "file_data": true, "url": true, "image_url": true, "file_url": true, "file_id": true, "result": true}

// mediumTokens estimates a part of a message that is no text; 0 where it is one. It goes by what the interfaces call the
// part and not by what the bytes look like: a text that looks like bytes is read as a text.
func mediumTokens(part gjson.Result) int64 {
	switch part.Get("type").Str {
	case "image_url", "input_image", "image", "computer_screenshot", "image_generation_call":
		return pictureTokens
	case "input_audio", "audio_url":
		return atLeast(pictureTokens, part, perSpeechToken)
	case "document":
		if kind := part.Get("source.type").Str; kind == "text" || kind == "content" {
			return 0
		}
		return atLeast(documentTokens, part, perDocumentToken)
	case "file", "input_file", "video_url", "input_video":
		return atLeast(documentTokens, part, perDocumentToken)
	}
	return 0
}

// atLeast goes by the bytes where they are in the request.
func atLeast(least int64, part gjson.Result, perToken int) int64 {
	for _, path := range []string{"input_audio.data", "audio_url.url", "source.data", "file.file_data", "file_data", "video_url.url"} {
		if n := len(part.Get(path).Str) / perToken; n > 0 {
			return max(pictureTokens, int64(n))
		}
	}
	return least
}
