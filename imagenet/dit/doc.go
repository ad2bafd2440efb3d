// Package dit is the one-step generator: a transformer on the tokens of a latent, of the LightningDiT kind, that turns
// noise, a class and a guidance scale into an image's latent in one evaluation.
//
//	c := dit.B()                                           // the released size B/2
//	store := model.NewStore()                              // of GoMLX
//	scope := store.RootScope()
//	err := weights.Load(scope, c.Table(), c.Initial(seed)) // or a checkpoint's weights
//
// A function that builds a graph, for model.CallOnce or model.NewExec on the backend of engine.Find, then calls
//
//	latents := c.Generate(scope, noise, labels, styles, alpha) // [B, 32, 32, 4]
//
// [FromPreset] returns the Config of a configuration file. Package hub loads a released checkpoint:
//
//	view, err := file.View(hub.WFlow, c.Table()) // state_00200000.pt, opened with hub.Open
//	err = view.Load(scope)
//
// The condition of a sample is the sum of its class, of its styles (one random entry of each codebook, part of the
// noise) and of its guidance scale. It enters twice: as in-context tokens before those of the latent, and as shift,
// scale and gate around every attention and feed-forward part.
//
// Parameters have the names and shapes of the official PyTorch code (package weights). Outputs and gradients agree with that
// code to float precision: testdata/README.md says how this is known.
//
// Source: Han et al., One-Step Generative Modeling via Wasserstein Gradient Flows (2026); Yao and Wang, Reconstruction
// vs. Generation: Taming Optimization Dilemma in Latent Diffusion Models (2025), for LightningDiT.
package dit
