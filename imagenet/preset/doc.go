// Package preset reads and writes configuration files of W-Flow's official code: those that train a [Generator], and
// those that train its encoder, a [MAE]. The fields have the words of this repository, their tags the official keys.
//
// [List] has the presets that are in the program: the released files, and those that are ours. [Named] returns one of
// them, [ReadFile] reads a file of your own. To add a preset, write its file and its line in the list.
//
// Reading is strict. An unknown key, a key given twice, a value of the wrong type and an impossible value are errors. The
// error names the file, the line and the path of the key, and for an unknown key the nearest known one. An
// official key that a file may leave out takes the default of the official code; [Preset.Defaults] tells which keys did.
// A key of ours, which the official code lacks, has the tag ours: see [Generator]. Its default changes nothing, so that
// official files and their reports stay as they are.
//
// The presets are a ladder, from what two cores train to what 64 GPUs do. Each rung changes a preset and nothing else:
//
//	gen/mnist_pixels         real digits, a small residual network, pixels as the one feature
//	gen/mnist                real digits as ImageNet is done: mae/mnist is trained first, then a transformer
//	gen/pilot                ImageNet at 64 pixels, 4.5 million parameters: whether everything works
//	gen/imagenet64           ImageNet at 64 pixels, 25.25 million parameters, on one accelerator
//	gen/ablation_ot_1node    ImageNet at 256 pixels, a short training on 8 GPUs
//	gen/latent_sota_…        B/2, L/2 and XL/2 at full length, on 8 or 64 GPUs
//
// [Preset.Memory] computes what a training step takes, and [Preset.Times] says how long a training takes where it is known.
//
// dit.FromPreset, residual.FromPreset and mae.FromPreset build the networks that are described; this package knows
// nothing of graphs.
//
// A valid file means what PyYAML makes of it, with one exception: 2e-4 is a number here and a string there.
package preset
