select '値'
