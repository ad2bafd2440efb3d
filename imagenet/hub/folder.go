package hub

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
)

// layouts are the folders that other programs write as one checkpoint. A folder is known by a file in it.
var layouts = []struct{ pattern, what string }{
	{"_CHECKPOINT_METADATA", "an Orbax checkpoint: restore it with Orbax and write flax.serialization.msgpack_serialize of its parameters"},
	{"manifest.ocdbt", "an Orbax checkpoint: restore it with Orbax and write flax.serialization.msgpack_serialize of its parameters"},
	{"_METADATA", "an Orbax checkpoint: restore it with Orbax and write flax.serialization.msgpack_serialize of its parameters"},
	{"*/manifest.ocdbt", "an Orbax checkpoint, in the folders within it: restore it with Orbax and write flax.serialization.msgpack_serialize of its parameters"},
	{".metadata", "a distributed checkpoint of PyTorch: python -m torch.distributed.checkpoint.format_utils dcp_to_torch FOLDER FILE.pt"},
	{"saved_model.pb", "a SavedModel of TensorFlow: save its variables as .npz or safetensors"},
	{"*.data-00000-of-*", "a checkpoint of TensorFlow: save its variables as .npz or safetensors"},
	{"zero_to_fp32.py", "a checkpoint of DeepSpeed: python zero_to_fp32.py FOLDER FILE.pt, which it holds itself"},
	{"data.pkl", "an unpacked PyTorch file: give the .pt it was unpacked from"},
	{"*/data.pkl", "an unpacked PyTorch file: give the .pt it was unpacked from"},
}

// weightFiles are patterns of the files that Open reads, those first that it should rather be given.
var weightFiles = []string{"*.safetensors.index.json", "*.bin.index.json", "*.index.json", "*.safetensors", "*.msgpack", "*.pt",
	"*.pth", "*.ckpt", "*.bin"}

// Folder says what weights lie in a folder, and which of its files to give to [Open]. It returns false if it finds no
// weights. Arrays of NumPy do not count as weights.
func Folder(folder string) (string, bool) {
	for _, layout := range layouts {
		if found, _ := filepath.Glob(filepath.Join(escaped(folder), layout.pattern)); len(found) > 0 {
			return layout.what, true
		}
	}
	for _, within := range []string{"", "*"} {
		var all []string
		for _, pattern := range weightFiles {
			found, _ := filepath.Glob(filepath.Join(escaped(folder), within, pattern))
			slices.Sort(found)
			if len(found) > 0 && strings.HasSuffix(pattern, ".index.json") {
				return fmt.Sprintf("a folder of sharded weights: give its index, %s", found[0]), true
			}
			all = append(all, found...)
		}
		all = slices.DeleteFunc(all, func(path string) bool {
			info, err := os.Stat(path)
			return err != nil || !info.Mode().IsRegular()
		})
		switch len(all) {
		case 0:
		case 1:
			return fmt.Sprintf("a folder with weights: give the file, %s", all[0]), true
		default:
			return fmt.Sprintf("a folder with %d weight files: give one of them, such as %s", len(all), all[0]), true
		}
	}
	return "", false
}

// escaped returns a path as a pattern that matches it alone.
func escaped(path string) string {
	if filepath.Separator == '\\' { // where a pattern cannot escape
		return path
	}
	return strings.NewReplacer(`\`, `\\`, "*", `\*`, "?", `\?`, "[", `\[`).Replace(path)
}
