[
  (x: x + y)
  (x: {
    a = x;
    b = x;
  })
  (ps: [
    ps.a
    ps.b
  ])
]
