package preset_test

import (
	"bytes"
	"fmt"

	"github.com/janpfeifer/must"

	"github.com/wflowlab/wflowlab/imagenet/preset"
)

func ExampleNamed() {
	p := must.M1(preset.Named("gen/latent_sota_XL_ot_8node"))
	fmt.Println(p.Generator.Model.Width, p.Generator.Train.Loss.R)
	for _, line := range p.Report() {
		fmt.Printf("%-12s%s\n", line.Name, line.Text)
	}
	// Output:
	// 1152 [0.01]
	// kind        generator
	// model       width 1,152, depth 28, 16 heads of 72, patch 2, QK norm, SwiGLU, RoPE, RMS norm
	// parameters  678,929,872
	// tokens      256 + 16 in context, 32 × 64 styles
	// precision   bfloat16, blocks recomputed
	// data        [32, 32, 4] from images of 256 px, 1,000 classes, latents, from the cache
	// features    hf://mae_latent_640: stage outputs, every block 2, means, deviations, means of squares of 2, 4, deviations of squares of 2, 4
	// batch       128 classes × (64 particles, 128 data, 32 unconditional); 8,192 particles a step; chunks a process: 1
	// banks       128 a class, 1,000 of all classes, 128 pushed a step and process
	// velocity    Sinkhorn, two-batch, velocity guidance, cost ‖x−y‖²/2, ε = R·d with R = 0.01, L = 1
	// guidance    α in [1, 4] with density ∝ α^−κ, κ = 4, and 1 with probability 0.2; to judge at 1, 1.1, 1.2, 1.4, 1.6, 1.8, 2, 2.5, 3, 3.5
	// optimizer   AdamW β 0.9, 0.95, weight decay 0.01; 200,000 steps, learning rate 0.0003 after 10,000
	// average     EMA 0.999, gradients clipped to 2
	// checkpoints every 2,000 steps, kept every 20,000 and the last 2
	// defaults    dataset.eval_split val, train.keep_last 2, train.eval_samples 50000, train.sanity_samples 500, train.eval_fid true, train.eval_isc true, train.eval_prc_recall false, train.push_at_resume 3000, train.max_grad_norm 2
}

func ExampleParse() {
	text := must.M1(must.M1(preset.Named("gen/ablation_ot_1node")).Marshal())
	_, err := preset.Parse("mine.yaml", bytes.Replace(text, []byte("hidden_size: 768"), []byte("hiden_size: 768"), 1))
	fmt.Println(err)
	// Output:
	// preset: mine.yaml:16: model: missing hidden_size
	// preset: mine.yaml:21: model.hiden_size: unknown key, the nearest known one is model.hidden_size
}
