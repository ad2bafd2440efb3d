// Package mae is the feature encoder: a residual network on latents, trained to fill in hidden squares. The training of a
// generator compares particles and data by its features.
//
// [Config.Features] builds these features: 86 groups of feature vectors for latents [B, 32, 32, 4]. [Config.Losses] builds
// the losses that train the encoder: squares are hidden, the decoder of [Config.Decode] fills them in, and in the last steps
// a classifier learns too. [Pretraining] says how the released encoders were trained.
//
// All functions build graphs, for model.CallOnce or model.NewExec of GoMLX. They compute in the type of the weights, which
// are variables of a scope by their official names, or with BFloat16 in that, as the official code does:
//
//	c, store := mae.Released(256), model.NewStore()
//	err := weights.Load(store.RootScope(), c.Table().Under("encoder."), mae.Initial(seed))
//
// [FromPreset] returns the Config and the Pretraining of a configuration file. Package hub loads the released encoders:
//
//	view, err := file.View(hub.Drifting, c.Table()) // ema_params.msgpack, opened with hub.Open
//	err = view.Under("encoder.").Load(store.RootScope())
//
// Choose base widths of 40 and more, with which a group of GroupNorm has several channels: two of 40. It makes up to 32 groups,
// so that up to width 32 a group is one channel. The mean and the deviation of a map are then the same for every image, and a
// loss that normalises them amplifies rounding.
package mae
