package preset

import (
	"reflect"
	"testing"
)

func TestNearestPath(t *testing.T) {
	known := paths("", reflect.ValueOf(Generator{}))
	for path, want := range map[string]string{
		"train.total_step":     "train.total_steps", // as near as the optimizer's, which comes first
		"optimizer.total_step": "optimizer.lr_schedule.total_steps",
		"modle":                "model",
		"train.kwargs":         "dataset.kwargs", // the word itself, in another block
		"hidden_size":          "model.hidden_size",
		"train.R_lists":        "train.loss_kwargs.R_list",
	} {
		if got := nearestPath(path, known); got != want {
			t.Errorf("nearest to %s is %s, want %s", path, got, want)
		}
	}
}
