package golden

import (
	"fmt"
	"slices"
)

// Autoencoder has the keys of the configuration of diffusers' AutoencoderKL.
type Autoencoder struct {
	InChannels     int      `json:"in_channels"`
	OutChannels    int      `json:"out_channels"`
	DownBlocks     []string `json:"down_block_types"`
	UpBlocks       []string `json:"up_block_types"`
	Widths         []int    `json:"block_out_channels"`
	Layers         int      `json:"layers_per_block"`
	Activation     string   `json:"act_fn"`
	LatentChannels int      `json:"latent_channels"`
	Groups         int      `json:"norm_num_groups"`
	Size           int      `json:"sample_size"` // of no effect on the network
}

// Check returns an error that names a key whose value package vae does not build: it leaves open Widths, Layers,
// LatentChannels and Groups.
func (a Autoencoder) Check() error {
	for _, fixed := range []struct {
		key       string
		got, want any
	}{
		{"in_channels", a.InChannels, 3},
		{"out_channels", a.OutChannels, 3},
		{"act_fn", a.Activation, "silu"},
		{"down_block_types", a.DownBlocks, slices.Repeat([]string{"DownEncoderBlock2D"}, len(a.Widths))},
		{"up_block_types", a.UpBlocks, slices.Repeat([]string{"UpDecoderBlock2D"}, len(a.Widths))},
	} {
		if fmt.Sprint(fixed.got) != fmt.Sprint(fixed.want) {
			return fmt.Errorf("%s is %v, want %v", fixed.key, fixed.got, fixed.want)
		}
	}
	return nil
}
