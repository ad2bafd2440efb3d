// Package mae is the feature encoder of the drift: a residual network on latents, trained to fill in hidden squares.
//
// [Config.Features] gives what the training of a generator compares particles and data in: 86 groups of feature vectors
// for latents [B, 32, 32, 4]. [Config.Losses] trains the encoder: squares are hidden, a decoder that [Config.Decode]
// builds fills them in, and at the end a classifier joins; [Pretraining] says how the released encoders were trained.
//
// All functions build graphs in the type of the weights, which are variables of a scope by their official names:
//
//	c := mae.Released(256)
//	weights.Load(scope, c.Table().Under("encoder."), read)
//
// [FromPreset] gives the Config and the Pretraining of an official configuration file. The released encoders are loaded
// by way of package hub:
//
//	view, err := file.View(hub.Drifting, c.Table()) // ema_params.msgpack, opened with hub.Open
//	err = view.Under("encoder.").Load(scope)
//
// Choose base widths of 40 and more: GroupNorm makes up to 32 groups, and where a group is one channel the mean and
// deviation of a map are the same for every image, so that a loss that normalises them amplifies rounding.
package mae
