print("cryptogaf")
