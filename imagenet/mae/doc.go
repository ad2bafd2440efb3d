// Package mae is the feature encoder of the drift: a residual network on latents, trained to fill in hidden squares.
//
// [Config.Features] gives what the training of a generator compares particles and data in: 86 groups of feature vectors
// for latents [B, 32, 32, 4]. [Config.Losses] trains the encoder: squares are hidden, a decoder that [Config.Decode]
// builds fills them in, and at the end a classifier joins; [Pretraining] says how the released encoders were trained.
//
// All functions build graphs, for model.CallOnce or model.NewExec of GoMLX, in the type of the weights, which are
// variables of a scope by their official names:
//
//	c, store := mae.Released(256), model.NewStore()
//	err := weights.Load(store.RootScope(), c.Table().Under("encoder."), mae.Initial(seed))
//
// [FromPreset] gives the Config and the Pretraining of an official configuration file. The released encoders are loaded
// by way of package hub:
//
//	view, err := file.View(hub.Drifting, c.Table()) // ema_params.msgpack, opened with hub.Open
//	err = view.Under("encoder.").Load(store.RootScope())
//
// Choose base widths of 40 and more: GroupNorm makes up to 32 groups, and where a group is one channel, up to width 32,
// the mean and deviation of a map are the same for every image, so that a loss that normalises them amplifies rounding.
// With 40 channels a group has five.
package mae
