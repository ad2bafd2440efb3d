package fid

// stages are the parts of the network. Behind each of them it may be read: the mean over all positions is features.
//
// Source: Szegedy et al., Rethinking the Inception Architecture for Computer Vision (2016). This is the network of TensorFlow's
// inception-2015-12-05, which differs from other Inception v3 networks: means beside the border count no zeros, the last block
// takes a largest number where the others take a mean, and there are 1,008 classes.
var stages = [...]chain{
	{ // 64 channels
		conv{name: "Conv2d_1a_3x3", out: 32, height: 3, width: 3, valid: true, stride: 2},
		conv{name: "Conv2d_2a_3x3", out: 32, height: 3, width: 3, valid: true},
		conv{name: "Conv2d_2b_3x3", out: 64, height: 3, width: 3},
		halve,
	},
	{ // 192 channels
		conv{name: "Conv2d_3b_1x1", out: 80, height: 1, width: 1},
		conv{name: "Conv2d_4a_3x3", out: 192, height: 3, width: 3, valid: true},
		halve,
	},
	{ // 768 channels
		fives("Mixed_5b", 32),
		fives("Mixed_5c", 64),
		fives("Mixed_5d", 64),
		named{"Mixed_6a", beside{
			conv{name: "branch3x3", out: 384, height: 3, width: 3, valid: true, stride: 2},
			chain{
				conv{name: "branch3x3dbl_1", out: 64, height: 1, width: 1},
				conv{name: "branch3x3dbl_2", out: 96, height: 3, width: 3},
				conv{name: "branch3x3dbl_3", out: 96, height: 3, width: 3, valid: true, stride: 2},
			},
			halve,
		}},
		sevens("Mixed_6b", 128),
		sevens("Mixed_6c", 160),
		sevens("Mixed_6d", 160),
		sevens("Mixed_6e", 192),
	},
	{ // 2048 channels
		named{"Mixed_7a", beside{
			chain{
				conv{name: "branch3x3_1", out: 192, height: 1, width: 1},
				conv{name: "branch3x3_2", out: 320, height: 3, width: 3, valid: true, stride: 2},
			},
			chain{
				conv{name: "branch7x7x3_1", out: 192, height: 1, width: 1},
				conv{name: "branch7x7x3_2", out: 192, height: 1, width: 7},
				conv{name: "branch7x7x3_3", out: 192, height: 7, width: 1},
				conv{name: "branch7x7x3_4", out: 192, height: 3, width: 3, valid: true, stride: 2},
			},
			halve,
		}},
		forks("Mixed_7b", mean),
		forks("Mixed_7c", largest),
	},
}

// fives is the block for maps of 35 × 35 positions.
func fives(name string, pooled int) named {
	return named{name, beside{
		conv{name: "branch1x1", out: 64, height: 1, width: 1},
		chain{
			conv{name: "branch5x5_1", out: 48, height: 1, width: 1},
			conv{name: "branch5x5_2", out: 64, height: 5, width: 5},
		},
		chain{
			conv{name: "branch3x3dbl_1", out: 64, height: 1, width: 1},
			conv{name: "branch3x3dbl_2", out: 96, height: 3, width: 3},
			conv{name: "branch3x3dbl_3", out: 96, height: 3, width: 3},
		},
		chain{mean, conv{name: "branch_pool", out: pooled, height: 1, width: 1}},
	}}
}

// sevens is the block for maps of 17 × 17 positions. Its kernels of seven are one wide or one high.
func sevens(name string, inner int) named {
	return named{name, beside{
		conv{name: "branch1x1", out: 192, height: 1, width: 1},
		chain{
			conv{name: "branch7x7_1", out: inner, height: 1, width: 1},
			conv{name: "branch7x7_2", out: inner, height: 1, width: 7},
			conv{name: "branch7x7_3", out: 192, height: 7, width: 1},
		},
		chain{
			conv{name: "branch7x7dbl_1", out: inner, height: 1, width: 1},
			conv{name: "branch7x7dbl_2", out: inner, height: 7, width: 1},
			conv{name: "branch7x7dbl_3", out: inner, height: 1, width: 7},
			conv{name: "branch7x7dbl_4", out: inner, height: 7, width: 1},
			conv{name: "branch7x7dbl_5", out: 192, height: 1, width: 7},
		},
		chain{mean, conv{name: "branch_pool", out: 192, height: 1, width: 1}},
	}}
}

// forks is the block for maps of 8 × 8 positions. Two of its branches end with two kernels side by side.
func forks(name string, p pool) named {
	return named{name, beside{
		conv{name: "branch1x1", out: 320, height: 1, width: 1},
		chain{
			conv{name: "branch3x3_1", out: 384, height: 1, width: 1},
			beside{
				conv{name: "branch3x3_2a", out: 384, height: 1, width: 3},
				conv{name: "branch3x3_2b", out: 384, height: 3, width: 1},
			},
		},
		chain{
			conv{name: "branch3x3dbl_1", out: 448, height: 1, width: 1},
			conv{name: "branch3x3dbl_2", out: 384, height: 3, width: 3},
			beside{
				conv{name: "branch3x3dbl_3a", out: 384, height: 1, width: 3},
				conv{name: "branch3x3dbl_3b", out: 384, height: 3, width: 1},
			},
		},
		chain{p, conv{name: "branch_pool", out: 192, height: 1, width: 1}},
	}}
}
