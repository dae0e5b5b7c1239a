module telegraf-sysprobe

go 1.26.0
