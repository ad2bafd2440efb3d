package resume

import (
	"encoding/json"
	"fmt"
)

// Change is a setting that was changed when a training went on. Checkpoints record it.
type Change struct {
	Step    int             `json:"step"` // after which it holds
	Setting string          `json:"setting"`
	From    json.RawMessage `json:"from"`
	To      json.RawMessage `json:"to"`
}

// Add adds changes to the text that a checkpoint keeps of those before. The text of none is empty.
func Add(text string, changes []Change) (string, error) {
	var all []Change
	if text != "" {
		if err := json.Unmarshal([]byte(text), &all); err != nil {
			return "", fmt.Errorf("it is damaged: its changes of settings: %w", err)
		}
	}
	if all = append(all, changes...); len(all) == 0 {
		return "", nil
	}
	added, err := json.Marshal(all)
	return string(added), err
}
