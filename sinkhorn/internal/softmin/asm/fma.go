package main

import (
	"fmt"

	"github.com/mmcloughlin/avo/attr"
	"github.com/mmcloughlin/avo/build"
	"github.com/mmcloughlin/avo/operand"
	"github.com/mmcloughlin/avo/reg"
)

// fmaPerLoop is the number of multiply-adds in a turn of the loop: enough that none waits for another.
const fmaPerLoop = 12

// multiplyAdds writes the loops of package fma.
func multiplyAdds(c *build.Context) {
	c.ConstraintExpr("amd64")
	for _, isa := range []isa{avx2, avx512} {
		c.Function("run" + string(isa))
		c.Attributes(attr.NOSPLIT)
		c.SignatureExpr("func(turns int)")
		c.Doc(fmt.Sprintf("run%s makes %d independent multiply-adds of whole registers a turn.", isa, fmaPerLoop))
		n := c.Load(c.Param("turns"), c.GP64())
		acc := make([]reg.VecVirtual, fmaPerLoop)
		for k := range acc {
			if isa == avx512 {
				acc[k] = c.ZMM()
				c.VPXORD(acc[k], acc[k], acc[k])
			} else {
				acc[k] = c.YMM()
				c.VXORPS(acc[k], acc[k], acc[k])
			}
		}
		c.Label("turn")
		for _, a := range acc {
			c.VFMADD231PS(a, a, a)
		}
		c.DECQ(n)
		c.JNZ(operand.LabelRef("turn"))
		c.VZEROUPPER()
		c.RET()
	}
}
