package accountant
import ("testing";"math/rand/v2";"time";"sort";"math";"fmt";"os";"strconv")
func TestZ(t *testing.T){
 n:=400; if v,err:=strconv.Atoi(os.Getenv("N")); err==nil {n=v}
 r := rand.New(rand.NewPCG(7, 2))
 type rec struct{ d time.Duration; w float64; s string}
 var rs []rec
 for range n { p,delta:=randomPlan(r); st:=time.Now(); res,err:=Epsilon(p,delta); d:=time.Since(st)
  w:=(res.Epsilon.Upper-res.Epsilon.Lower)/math.Max(res.Epsilon.Upper,1e-300)
  if res.Epsilon.Upper==0 {w=0}
  rs=append(rs,rec{d,w,fmt.Sprintf("%v d=%.3g eps=%v rem=%v add=%v err=%v %v",p.Phases,delta,res.Epsilon,res.Remove, res.Add,err,d)}) }
 sort.Slice(rs,func(i,j int)bool{return rs[i].d>rs[j].d})
 for i:=0;i<12;i++ { t.Log("SLOW",rs[i].s) }
 t.Log("median",rs[n/2].d, "p90", rs[n/10].d, "p99", rs[n/100].d)
 sort.Slice(rs,func(i,j int)bool{return rs[i].w>rs[j].w})
 for i:=0;i<25;i++ { t.Log("WIDE",rs[i].w,rs[i].s) }
 for _,f:=range []float64{.5,.2,.1,.05,.02,.01} { t.Log("width quantile",f,rs[int(f*float64(n))].w) }
}
